# Each side of a cut has a copy, as ownership peers lets it, and each host is put in maintenance. When they meet, one of
# the two maintenances keeps the service, the later one; the other host looks after its own copy again, and stops it.
hosts A B
service web A B
boot all
settle
cut A B
run 30s
A$ maintenance-on A
B$ maintenance-on B
show
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A runs web
B sees A down
A sees B down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
A alerts (info): this host is in maintenance; services left alone: 1
A answers: done, A is in maintenance; services left alone: 1
B alerts (info): this host is in maintenance; services left alone: 1
B answers: done, B is in maintenance; services left alone: 1
  web: runs on A, B

heal
settle
show
----
B sees A up
A alerts (warning): service web is kept by the maintenance of B, so it is no longer left alone here
A sees B up
A checks web: signal 9
A stops web (lost-ownership to B)
A has stopped web
  web: runs on B

A$ maintenance-off A
B$ maintenance-off B
settle
expect web on A
----
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
B alerts (info): the maintenance of this host is over
B answers: done, B is not in maintenance
B checks web: signal 9
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
