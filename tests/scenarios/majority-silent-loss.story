# Ownership majority: a service of three hosts. First all start; then its host falls silent.
hosts A B C
service db A B C ownership=majority margin=2s
boot all
settle 1m
show
expect db on A
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
  db: runs on A

silence A
within 6s db nowhere
view B
within 5s db on B
view B
expect one copy of db
show
----
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
B sees A down
C sees A down
A has stopped db
  B sees A=down B=up/self C=up/direct
  B sees db stopped: B is the most preferred host that is up and able, but waits until what A was granted has run out
A sees B down
A sees C down
B starts db (failover from A)
  B sees A=down B=up/self C=up/direct
  B sees db starting on B: B is the most preferred host that is up and able
  db: runs on B

unsilence A
settle
show
expect one copy of db
----
A sees B up
A sees C up
C sees A up
B sees A up
B runs db
B stops db (failback to A)
B has stopped db
A starts db (failback from B)
A runs db
  db: runs on A
