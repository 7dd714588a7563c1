# C is away while the voters change, twice; it comes back with the old file and its old knowledge.
hosts A B C D E
service db A B C ownership=majority margin=2s
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

crash C
run 10s
hosts A B C D
install D
boot D
reload A B
within 40s A voters A B C D
hosts A B C D E
install E
boot E
reload A B D
within 40s A voters A B C D E
run 5s
----
C loses power
A sees C down
B sees C down
D comes up
D sees B up
D sees A up
B sees D up
A sees D up
D alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
E comes up
E sees B up
E sees A up
E sees D up
B sees E up
D sees E up
A sees E up

boot C
within 40s C voters A B C D E
run 20s
voters A C
expect db on A
expect one copy of db
expect gap of db below 0s
----
C comes up
C sees B up
C sees A up
B sees C up
A sees C up
D sees C up
E sees C up
  A: set 3, A, B, C, D and E; other hosts files: C
  C: set 3, A, B, C, D and E; other hosts files: C

reload C
run 20s
voters A C
crash A
within 40s db on B
expect one copy of db
----
C sees D up
C sees E up
  A: set 3, A, B, C, D and E
  C: set 3, A, B, C, D and E
A loses power
B sees A down
E sees A down
C sees A down
D sees A down
B starts db (failover from A)
