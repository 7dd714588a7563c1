# A has a newer services file, and B's question for it is lost, as nothing gets from B to A. After the cut B asks again.
hosts A B
service web A B
boot all
settle
cut-one-way B A
service web B A
reload A
run 20s
heal
settle
expect web on B
show
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A runs web
A stops web (failback to B)
A has stopped web
A sees B down
A starts web (operator)
A runs web
B sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
B sees A up
B stops web (lost-ownership to A)
A sees B up
A stops web (lost-ownership to B)
B has stopped web
A has stopped web
B alerts (warning): the services file of this host differs from the newer one that is in force
B starts web (failback from A)
B runs web
  web: runs on B
