# A is cut off with its service, and stop hangs. When the lease ends all of it is killed; only then does B start.
hosts A B C
service db A B C ownership=majority margin=2s stop_timeout=1m
boot all
settle 1m
expect db on A
scripts db A stop=hangs
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

silence A
run 5500ms
expect db on A
within 3s db on B
expect one copy of db
show
----
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
B sees A down
C sees A down
A sees B down
A sees C down
A alerts (critical): service db is killed here: its lease ends before it has stopped
A: stop of db ends with signal 9
A stops db (lost-ownership)
B starts db (failover from A)
  db: runs on B

scripts db A stop=good
unsilence A
settle 2m
show
expect one copy of db
----
A sees B up
A sees C up
B sees A up
C sees A up
B runs db
B stops db (failback to A)
B has stopped db
A: stop of db ends with signal 9
A checks db: exit 3
A starts db (operator)
A runs db
  db: runs on A
