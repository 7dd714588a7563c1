# The hosts file grows from three to five while the cluster is split, on both sides: A and B are a majority of the three,
# C, D and E one of the five. db stays where it is, and nothing is decided before a majority of either is together.
hosts A B C D E
service db A C D ownership=majority margin=2s
install all
hosts A B C
install A B C
boot A B C
settle 1m
expect db on A
watch-gap db
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

part A B
run 10s
hosts A B C D E
install D E
boot D E
reload A B C
run 1m
expect A voters A B C
expect B voters A B C
expect db on A
expect one copy of db
voters A C
explain db D
----
A sees C down
B sees C down
C sees B down
C sees A down
D comes up
E comes up
C sees E up
C sees D up
E sees C up
E sees D up
D sees E up
D sees C up
C alerts (warning): those that vote stay as they are: they are to become A, B, C, D and E, but no majority of those that vote is reached: A, B and C
D alerts (warning): this host does not vote on services with ownership majority yet: it has not heard from A and B
E alerts (warning): this host does not vote on services with ownership majority yet: it has not heard from A and B
A alerts (warning): those that vote stay as they are: they are to become A, B, C, D and E, but no majority of those that are to vote is there and knows what was granted: C, D and E are missing
B alerts (warning): those that vote stay as they are: they are to become A, B, C, D and E, but no majority of those that are to vote is there and knows what was granted: C, D and E are missing
  A: set 1, A, B and C; they are to become A, B, C, D and E, but no majority of those that are to vote is there and knows what was granted: C, D and E are missing; other hosts files: A and B
  C: set 1, A, B and C; they are to become A, B, C, D and E, but no majority of those that vote is reached: A, B and C; other hosts files: C
  db is stopped, epoch 1
  it belongs on C: C is the most preferred host that is up and able, but no majority of the voters is reached: 1 of 3, and 2 are needed
  it is owned by majority: another host starts it at the earliest 7 s after its host was heard last (dead_time 5 s, fence_margin 2 s)
    1 A: is down
    3 C: is able
    4 D: is able

heal
within 1m A voters A B C D E
run 5s
expect E voters A B C D E
expect db on A
expect one copy of db
expect gap of db below 0s
voters A E
----
A sees C up
A sees D up
A sees E up
C sees B up
C sees A up
D sees B up
D sees A up
E sees B up
E sees A up
B sees C up
B sees D up
B sees E up
E alerts (warning): the hosts file here names A, B, C, D and E, and those that vote are A, B and C: the hosts files are to be made alike
D alerts (warning): the hosts file here names A, B, C, D and E, and those that vote are A, B and C: the hosts files are to be made alike
  A: set 2, A, B, C, D and E
  E: set 2, A, B, C, D and E

# And three to five once more, but the split comes once it is decided, while both sets count. A has no majority of the
# five and stops. C, D and E know that a majority of the three counts by the five already, wait for what it has granted
# before, and go on as these five.
hosts A B C
reload A B C
crash D E
within 1m A voters A B C
hosts A B C D E
reload A B C
boot D E
run 4s
voters A
part A B
run 30s
expect db on C
expect one copy of db
voters A C
----
A sees D down
A sees E down
B sees D down
B sees E down
C sees D down
C sees E down
D loses power
E loses power
D comes up
E comes up
A sees E up
B sees D up
C sees D up
A sees D up
E sees B up
E sees A up
E sees C up
D sees B up
D sees A up
D sees C up
E sees D up
B sees E up
C sees E up
D sees E up
  A: set 4, A, B, C, D and E, together with A, B and C; 0 of 5 have learnt what was granted before, and have waited until that has ended; 3 are needed
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
A has stopped db
C sees B down
C sees A down
E sees B down
E sees A down
D sees B down
D sees A down
A sees C down
A sees D down
A sees E down
B sees C down
B sees D down
B sees E down
C starts db (failover from A)
C runs db
C alerts (warning): service db runs here now instead of on A, which is down
  A: set 4, A, B, C, D and E, together with A, B and C; 2 of 5 have learnt what was granted before, and have waited until that has ended; 3 are needed
  C: set 4, A, B, C, D and E

heal
within 1m A voters A B C D E
run 20s
expect db on A
expect one copy of db
voters A E
----
A sees C up
A sees D up
A sees E up
C sees B up
C sees A up
E sees B up
E sees A up
D sees B up
D sees A up
B sees C up
B sees D up
B sees E up
C stops db (failback to A)
C has stopped db
A starts db (failback from C)
A runs db
  A: set 4, A, B, C, D and E
  E: set 4, A, B, C, D and E
