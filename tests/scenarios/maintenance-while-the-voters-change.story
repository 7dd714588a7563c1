# A host is in maintenance when the hosts files are edited: those that vote stay as they are until that is over, as its
# services belong to it by the word of a majority of them.
hosts A B C D E
service db A B C ownership=majority margin=2s
install all
hosts A B C
install A B C
boot A B C
settle 1m
A$ maintenance-on A
hosts A B C D
install all
boot D
reload A B C
run 1m
expect A voters A B C
voters A B
A$ maintenance-off A
within 40s A voters A B C D
settle 1m
expect D voters A B C D
expect db on A
expect one copy of db
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
A alerts (info): this host is in maintenance; services left alone: 1
A answers: done, A is in maintenance; services left alone: 1
D comes up
C sees D up
B sees D up
D sees B up
D sees A up
D sees C up
A sees D up
D alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
B alerts (warning): those that vote stay as they are: they are to become A, B, C and D, but A is in maintenance
C alerts (warning): those that vote stay as they are: they are to become A, B, C and D, but A is in maintenance
A alerts (warning): those that vote stay as they are: they are to become A, B, C and D, but A is in maintenance
D alerts (warning): those that vote stay as they are: they are to become A, B, C and D, but this host does not vote: the change is to be made on one that does
  A: set 1, A, B and C; they are to become A, B, C and D, but A is in maintenance; other hosts files: A, B, C and D
  B: set 1, A, B and C; they are to become A, B, C and D, but A is in maintenance; other hosts files: A, B, C and D
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance

# Both at once: the next change is being decided when A asks, and A is cut off right after. Whichever comes first, the
# other waits for its end, and nothing is decided by two majorities that know nothing of each other.
hosts A B C D E
install all
boot E
run 5s
latency A B 150ms
latency A C 150ms
reload A B C D
A$ maintenance-on A &
run 500ms
part A
run 30s
voters A B
heal
settle 2m
A$ maintenance-off A
within 40s A voters A B C D E
expect db on A
expect one copy of db
----
E comes up
A sees E up
D sees E up
E sees B up
E sees A up
E sees C up
E sees D up
C sees E up
B sees E up
A alerts (info): this host is in maintenance; services left alone: 1
A answers: done, A is in maintenance; services left alone: 1
E alerts (warning): the hosts file here names A, B, C, D and E, and those that vote are A, B, C and D: the hosts files are to be made alike
B sees A down
D sees A down
E sees A down
C sees A down
A sees B down
A sees C down
A sees D down
A sees E down
A alerts (warning): those that vote stay as they are: they are to become A, B, C, D and E, but A is in maintenance
D alerts (warning): those that vote stay as they are: they are to become A, B, C, D and E, but A is in maintenance
B alerts (warning): those that vote stay as they are: they are to become A, B, C, D and E, but A is in maintenance
C alerts (warning): those that vote stay as they are: they are to become A, B, C, D and E, but A is in maintenance
E alerts (warning): those that vote stay as they are: they are to become A, B, C, D and E, but this host does not vote: the change is to be made on one that does
  A: set 2, A, B, C and D; they are to become A, B, C, D and E, but A is in maintenance; other hosts files: A
  B: set 2, A, B, C and D; they are to become A, B, C, D and E, but A is in maintenance; other hosts files: B, C, D and E
E sees A up
A sees B up
A sees C up
A sees D up
A sees E up
D sees A up
C sees A up
B sees A up
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
