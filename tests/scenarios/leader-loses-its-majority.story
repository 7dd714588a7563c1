# A follower of ownership peers does not go on where its leader has lost its lease.
hosts A B C
service db A B C ownership=majority margin=2s
service web A B C with=db
boot all
settle
expect db on A
expect web on A
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
A starts db (placement)
A runs db
A starts web (placement)
A runs web

silence A
within 10s db on B
settle
expect db on B
expect web on B
----
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
B sees A down
C sees A down
A has stopped db
A sees B down
A sees C down
A stops web (placement)
A has stopped web
B starts db (failover from A)
B runs db
B alerts (warning): service db runs here now instead of on A, which is down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down

unsilence A
settle
expect db on A
expect web on A
----
A sees B up
A sees C up
C sees A up
B sees A up
B stops web (failback to A)
B has stopped web
B stops db (failback to A)
B has stopped db
A starts db (failback from B)
A runs db
A starts web (failback from B)
A runs web
