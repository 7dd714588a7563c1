# B has granted A a lease and comes back with a shorter dead time of its own. It keeps to what it has granted: while
# A, cut off, may still run its service, B helps nobody else to it.
hosts A B C
service db A C ownership=majority margin=2s
boot all
settle 1m
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

times B 250ms 1s
kill-both B
cut A B
cut A C
restart B
within 6s db nowhere
within 4s db on C
expect one copy of db
show
----
B's engine dies
B comes up
B sees A up
B sees C up
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
C sees A down
A has stopped db
B sees A down
A sees B down
A sees C down
C starts db (failover from A)
  db: runs on C
