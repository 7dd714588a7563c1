# Two of five are cut off with the service: they stop it, start nothing, and say what they wait for; the three go on.
hosts A B C D E
service db A B C D E ownership=majority margin=2s
boot all
settle 1m
expect db on A
----
A comes up
B comes up
C comes up
D comes up
E comes up
E sees C up
E sees B up
C sees B up
A sees B up
A sees C up
B sees D up
A sees D up
E sees D up
B sees A up
E sees A up
C sees A up
D sees C up
D sees B up
D sees A up
C sees D up
B sees C up
C sees E up
B sees E up
A sees E up
D sees E up
A starts db (placement)
A runs db

cut A C
cut A D
cut A E
cut B C
cut B D
cut B E
within 6s db nowhere
within 5s db on C
expect one copy of db
explain db B
explain db C
----
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
E sees B down
E sees A down
C sees B down
C sees A down
D sees B down
D sees A down
A has stopped db
A sees C down
A sees D down
A sees E down
B sees C down
B sees D down
B sees E down
C starts db (failover from A)
  db is stopped, epoch 2
  it belongs on A: A is the most preferred host that is up and able, but no majority of the voters is reached: 2 of 5, and 3 are needed
  it is owned by majority: another host starts it at the earliest 7 s after its host was heard last (dead_time 5 s, fence_margin 2 s)
  those that vote on it are A, B, C, D and E (set 1)
    1 A: is able
    2 B: is able
    3 C: is down
    4 D: is down
    5 E: is down
  db is starting on C, epoch 2
  it belongs on C: C is the most preferred host that is up and able
  it is owned by majority: another host starts it at the earliest 7 s after its host was heard last (dead_time 5 s, fence_margin 2 s)
  those that vote on it are A, B, C, D and E (set 1)
    1 A: is down
    2 B: is down
    3 C: holds it
    4 D: is able
    5 E: is able

heal
settle 1m
show
expect one copy of db
----
B sees C up
B sees D up
B sees E up
C sees B up
C sees A up
D sees B up
D sees A up
E sees B up
E sees A up
A sees C up
A sees D up
A sees E up
C runs db
C stops db (failback to A)
C has stopped db
A starts db (failback from C)
A runs db
  db: runs on A
