# The engine that has the voters changed is killed after each step: nothing promised, promised by it, by others, accepted
# by it, by others, chosen, told. It goes on where it was, or others bring it to its end.
hosts A B C D
service db B C ownership=majority margin=2s
latency A B 100ms
latency A C 100ms
latency A D 100ms
boot all
settle 1m
expect db on B
expect A voters A B C D
watch-gap db
----
A comes up
B comes up
C comes up
D comes up
B sees C up
C sees B up
D sees B up
D sees C up
B sees D up
C sees D up
A sees B up
A sees C up
A sees D up
B sees A up
C sees A up
D sees A up
B starts db (placement)
B runs db

# After 1ms.
hosts A B C
reload A
run 1ms
kill A
run 300ms
restart A
within 1m A voters A B C
within 5s C voters A B C
reload B C
run 20s
voters A
----
A sees D down
A's engine dies
A comes up
A alerts (warning): those that vote stay as they are: they are to become A, B and C, but no majority of those that vote is reached: A, B, C and D
A sees B up
A sees C up
C alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
B alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
D alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
B sees D down
C sees D down
D sees B down
D sees A down
D sees C down
  A: set 2, A, B and C

# After 60ms.
hosts A B C D
reload A
run 60ms
kill A
run 300ms
restart A
within 1m A voters A B C D
within 5s C voters A B C D
reload B C
run 20s
voters A
----
A's engine dies
A comes up
A alerts (warning): those that vote stay as they are: they are to become A, B, C and D, but no majority of those that vote is reached: A, B and C
A sees B up
A sees C up
D sees B up
D sees A up
D sees C up
A sees D up
B alerts (warning): the hosts file here names A, B and C, and those that vote are A, B, C and D: the hosts files are to be made alike
C alerts (warning): the hosts file here names A, B and C, and those that vote are A, B, C and D: the hosts files are to be made alike
B sees D up
C sees D up
  A: set 3, A, B, C and D

# After 160ms.
hosts A B C
reload A
run 160ms
kill A
run 300ms
restart A
within 1m A voters A B C
within 5s C voters A B C
reload B C
run 20s
voters A
----
A sees D down
A's engine dies
A comes up
A alerts (warning): those that vote stay as they are: they are to become A, B and C, but no majority of those that vote is reached: A, B, C and D
A sees B up
A sees C up
C alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
B alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
D alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
B sees D down
C sees D down
D sees B down
D sees A down
D sees C down
  A: set 4, A, B and C

# After 260ms.
hosts A B C D
reload A
run 260ms
kill A
run 300ms
restart A
within 1m A voters A B C D
within 5s C voters A B C D
reload B C
run 20s
voters A
----
A's engine dies
A comes up
A alerts (warning): those that vote stay as they are: they are to become A, B, C and D, but no majority of those that vote is reached: A, B and C
A sees B up
A sees C up
A sees D up
D sees B up
D sees A up
D sees C up
C alerts (warning): the hosts file here names A, B and C, and those that vote are A, B, C and D: the hosts files are to be made alike
B alerts (warning): the hosts file here names A, B and C, and those that vote are A, B, C and D: the hosts files are to be made alike
B sees D up
C sees D up
  A: set 5, A, B, C and D

# After 360ms.
hosts A B C
reload A
run 360ms
kill A
run 300ms
restart A
within 1m A voters A B C
within 5s C voters A B C
reload B C
run 20s
voters A
----
A sees D down
A's engine dies
A comes up
A alerts (warning): those that vote stay as they are: they are to become A, B and C, but no majority of those that vote is reached: A, B, C and D
A sees B up
A sees C up
C alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
B alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
D alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
B sees D down
C sees D down
D sees B down
D sees A down
D sees C down
  A: set 6, A, B and C

# After 460ms.
hosts A B C D
reload A
run 460ms
kill A
run 300ms
restart A
within 1m A voters A B C D
within 5s C voters A B C D
reload B C
run 20s
voters A
----
A's engine dies
A comes up
A alerts (warning): those that vote stay as they are: they are to become A, B, C and D, but no majority of those that vote is reached: A, B and C
A sees B up
A sees C up
A sees D up
D sees B up
D sees A up
D sees C up
C alerts (warning): the hosts file here names A, B and C, and those that vote are A, B, C and D: the hosts files are to be made alike
B alerts (warning): the hosts file here names A, B and C, and those that vote are A, B, C and D: the hosts files are to be made alike
B sees D up
C sees D up
  A: set 7, A, B, C and D

# After 560ms.
hosts A B C
reload A
run 560ms
kill A
run 300ms
restart A
within 1m A voters A B C
within 5s C voters A B C
reload B C
run 20s
voters A
----
A sees D down
A's engine dies
C alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
D alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
B alerts (warning): the hosts file here names A, B, C and D, and those that vote are A, B and C: the hosts files are to be made alike
A comes up
A sees B up
A sees C up
B sees D down
C sees D down
D sees B down
D sees A down
D sees C down
  A: set 8, A, B and C

expect db on B
expect one copy of db
expect gap of db below 0s
----
