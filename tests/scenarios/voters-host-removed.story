# A line less, and that host votes no more. Its own file still has it, which disturbs nobody.
hosts A B C D
service db A B C ownership=majority margin=2s
boot all
settle 1m
expect db on A
expect A voters A B C D
watch-gap db
----
A comes up
B comes up
C comes up
D comes up
A sees C up
A sees B up
B sees C up
A sees D up
C sees A up
B sees A up
C sees B up
D sees C up
D sees B up
D sees A up
C sees D up
B sees D up
A starts db (placement)
A runs db

hosts A B C
reload A B C
within 40s A voters A B C
run 30s
voters A C D
expect db on A
expect gap of db below 0s
----
A sees D down
B sees D down
C sees D down
D sees B down
D sees A down
D sees C down
  A: set 2, A, B and C
  C: set 2, A, B and C
  D: set 1, A, B, C and D

# Two of three are a majority.
crash C
run 30s
expect db on A
expect gap of db below 0s
boot C
settle 1m
----
C loses power
A sees C down
B sees C down
C comes up
B sees C up
A sees C up
C sees B up
C sees A up

# Started anew with its old file it changes nothing either, though it sees nobody.
crash D
boot D
run 30s
voters A D
expect db on A
expect one copy of db
----
D loses power
D comes up
  A: set 2, A, B and C
  D: set 1, A, B, C and D
