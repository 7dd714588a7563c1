# A host is looked after: its daemon ends and begins again, and the services that ran there have run all the while.
# Nobody takes them over, neither the one of ownership majority nor the other; and afterwards all is as it was.
hosts A B C
service db A B C ownership=majority margin=2s
service web A B C
boot all
settle
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
A starts db (placement)
A runs db
  db: runs on A
  web: runs on A

A$ maintenance-on A
view B
----
A alerts (info): this host is in maintenance; services left alone: 2
A answers: done, A is in maintenance; services left alone: 2
  B sees A=up/direct/maintenance B=up/self C=up/direct
  B sees db running on A: stays on A, which is in maintenance
  B sees web running on A: stays on A, which is in maintenance

leave A
run 1m
view B
expect db on A
expect web on A
----
A has left
B sees A down
C sees A down
  B sees A=down/maintenance B=up/self C=up/direct
  B sees db stopped: stays on A, which is in maintenance
  B sees web stopped: stays on A, which is in maintenance

restart A
settle
expect db on A
expect web on A
A$ maintenance-off A
settle
view B
expect db on A
expect web on A
expect one copy of db
expect one copy of web
----
A comes up
B sees A up
C sees A up
A sees B up
A sees C up
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
  B sees A=up/direct B=up/self C=up/direct
  B sees db running on A: A is the most preferred host that is up and able
  B sees web running on A: A is the most preferred host that is up and able

# It is owned as before: when A falls silent it stops there in time.
silence A
within 20s db on B
expect one copy of db
----
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
B sees A down
C sees A down
B starts web (failover from A)
A has stopped db
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
A sees B down
A sees C down
B starts db (failover from A)
