# A line more in the hosts file, and that host votes as well: D, then E, while db runs on. In the end any two may be lost.
hosts A B C D E
service db A B C ownership=majority margin=2s
install all
hosts A B C
install A B C
boot A B C
settle 1m
expect db on A
expect A voters A B C
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

hosts A B C D
install D
boot D
reload A B C
run 5s
voters A
within 40s A voters A B C D
expect D voters A B C D
voters A D
----
D comes up
D sees B up
D sees A up
D sees C up
B sees D up
C sees D up
A sees D up
  A: set 2, A, B, C and D, together with A, B and C; 0 of 4 have learnt what was granted before, and have waited until that has ended; 3 are needed
  A: set 2, A, B, C and D
  D: set 2, A, B, C and D

hosts A B C D E
install E
boot E
reload A B C D
within 40s A voters A B C D E
run 5s
expect E voters A B C D E
explain db B
----
E comes up
C sees E up
A sees E up
D sees E up
E sees B up
E sees A up
E sees C up
E sees D up
B sees E up
  db is running on A, epoch 1
  it belongs on A: A is the most preferred host that is up and able
  it is owned by majority: another host starts it at the earliest 7 s after its host was heard last (dead_time 5 s, fence_margin 2 s)
  those that vote on it are A, B, C, D and E (set 3)
    1 A: holds it
    2 B: is able
    3 C: is able

crash B C
run 30s
expect db on A
expect one copy of db
expect gap of db below 0s
----
B loses power
C loses power
A sees B down
A sees C down
E sees B down
E sees C down
D sees B down
D sees C down
