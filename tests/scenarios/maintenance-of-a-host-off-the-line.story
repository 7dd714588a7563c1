# A host is cut off and runs its service on, another one starts it, as ownership peers lets it. The first is put in maintenance, and
# the services file of the others does not name it any more. When they meet its copy is still left alone, so the other one stops.
hosts A B C
service web A B C
boot all
settle
part A
run 30s
A$ maintenance-on A
service web B C
reload B C
run 5s
show
----
A comes up
B comes up
C comes up
A sees B up
A sees C up
C sees B up
B sees A up
C sees A up
B sees C up
A starts web (placement)
A runs web
B sees A down
C sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
A sees B down
A sees C down
A alerts (info): this host is in maintenance; services left alone: 1
A answers: done, A is in maintenance; services left alone: 1
  web: runs on A, B

heal
settle
expect web on A
show
----
A sees B up
A sees C up
B sees A up
B stops web (lost-ownership to A)
C sees A up
A alerts (warning): the services file of this host differs from the newer one that is in force
B has stopped web
  web: runs on A

# It goes to its line with the end of the maintenance.
A$ maintenance-off A
settle
expect web on B
----
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
A checks web: signal 9
A stops web (failback to B)
A has stopped web
B starts web (failback from A)
B runs web
