# One adds D on A, another adds E on B at the same moment. One of the two comes first; the other is told.
hosts A B C D E
service db A B C ownership=majority margin=2s
install all
hosts A B C
install A B C
boot all
settle 1m
expect db on A
watch-gap db
----
A comes up
B comes up
C comes up
D comes up
E comes up
A sees C up
A sees B up
E sees D up
C sees B up
B sees A up
C sees A up
D sees E up
B sees C up
A starts db (placement)
A runs db

hosts A B C D
reload A
hosts A B C - E
reload B
run 40s
voters A B C
expect db on A
----
A sees D up
E sees B up
E sees A up
E sees C up
D sees B up
D sees A up
D sees C up
B sees E up
D alerts (warning): the hosts file here names A, B, C, D and E, and those that vote are A, B and C: the hosts files are to be made alike
E alerts (warning): the hosts file here names A, B, C, D and E, and those that vote are A, B and C: the hosts files are to be made alike
D alerts (warning): the hosts file here names A, B, C, D and E, and those that vote are A, B, C and D: the hosts files are to be made alike
B alerts (warning): those that vote were changed elsewhere meanwhile, to A, B, C and D, and the hosts file here names A, B, C and E: the hosts files are to be made alike
B alerts (warning): the hosts file here names A, B, C and E, and those that vote are A, B, C and D: the hosts files are to be made alike
C alerts (warning): the hosts file here names A, B and C, and those that vote are A, B, C and D: the hosts files are to be made alike
E alerts (warning): the hosts file here names A, B, C, D and E, and those that vote are A, B, C and D: the hosts files are to be made alike
  A: set 2, A, B, C and D; other hosts files: B, C, D and E
  B: set 2, A, B, C and D; other hosts files: B, C, D and E
  C: set 2, A, B, C and D; other hosts files: B, C, D and E

# They agree on both.
hosts A B C D E
reload A B C
within 1m A voters A B C D E
run 10s
voters A B C D E
expect db on A
expect one copy of db
expect gap of db below 0s
----
A sees E up
B sees D up
C sees D up
C sees E up
  A: set 3, A, B, C, D and E
  B: set 3, A, B, C, D and E
  C: set 3, A, B, C, D and E
  D: set 3, A, B, C, D and E
  E: set 3, A, B, C, D and E
