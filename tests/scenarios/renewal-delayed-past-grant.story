# A's renewals take six seconds to arrive, longer than its lease counts for it: it stops, though voters still answer.
# What arrives late is answered for the time it was sent, not for the time it came.
hosts A B C
service db A B C ownership=majority margin=1s
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

latency A B 3s
latency A C 3s
within 15s db nowhere
show
----
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
A has stopped db
  db: runs nowhere

latency A B 1ms
latency A C 1ms
settle 2m
show
expect one copy of db
----
A starts db (operator)
A runs db
  db: runs on A
