# Without a majority that agrees there is no maintenance: the lease could not be left without an end.
hosts A B C
service db A B C ownership=majority margin=2s
boot all
settle
silence A
A$ maintenance-on A
settle
expect one copy of db
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
A starts db (placement)
A runs db
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A alerts (warning): the maintenance of this host does not begin: db no longer runs here
A stops db (lost-ownership)
A answers: refused, db no longer runs here
B sees A down
C sees A down
A has stopped db
A sees B down
A sees C down
B starts db (failover from A)
B runs db
B alerts (warning): service db runs here now instead of on A, which is down
  db: runs on B

unsilence A
settle
show
view A
----
A sees B up
A sees C up
C sees A up
B sees A up
B stops db (failback to A)
B has stopped db
A starts db (failback from B)
A runs db
  db: runs on A
  A sees A=up/self B=up/direct C=up/direct
  A sees db running on A: A is the most preferred host that is up and able

# Nor with a host that is up and cannot store it.
disk C fails
A$ maintenance-on A
expect db on A
disk C good
run 1m
A$ maintenance-on A
view B
expect db on A
----
A alerts (warning): the maintenance of this host does not begin: C did not answer
A answers: refused, C did not answer
C alerts (info): the state of this host can be stored again
A alerts (info): this host is in maintenance; services left alone: 1
A answers: done, A is in maintenance; services left alone: 1
  B sees A=up/direct/maintenance B=up/self C=up/direct
  B sees db running on A: stays on A, which is in maintenance
