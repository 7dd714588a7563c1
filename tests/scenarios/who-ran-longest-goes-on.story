# A service that writes files which others follow. Its preferred host was away for a while and comes back cut off:
# alone it starts the service with the files of then. When the two meet, the one that has run on counts, whatever is
# preferred; and then the preferred one takes over in order.
hosts A B*
service db A B owns_files=yes
service web A B
boot A B
settle
expect db on A
crash A
run 60s
expect db on B
cut A B
boot A
settle
show
heal A B
settle
expect db on A
expect web on A
explain db A
----
A comes up
B comes up
B sees A up
A sees B up
A starts db (placement)
A starts web (placement)
A runs web
A runs db
A loses power
B sees A down
B starts db (failover from A)
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
B runs db
B alerts (warning): service db runs here now instead of on A, which is down
A comes up
A checks web: exit 3
A checks db: exit 3
A starts db (placement)
A starts web (placement)
A runs web
A runs db
  db: runs on A, B
  web: runs on A, B
A sees B up
A stops db (lost-ownership to B)
B sees A up
B stops web (lost-ownership to A)
B has stopped web
A has stopped db
B stops db (failback to A)
B has stopped db
A starts db (failback from B)
A runs db
  db is running on A, epoch 3
  it belongs on A: A is the most preferred host that is up and able
    1 A: holds it
    2 B: is able
