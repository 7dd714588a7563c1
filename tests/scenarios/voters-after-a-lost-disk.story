# A quorum of two is two. B has lost its disk, so of what it has promised and accepted only A knows: it asks, and the
# voters change all the same.
hosts A B C
service db A B ownership=majority margin=2s
install all
hosts A B
install A B
boot A B
settle 1m
expect db on A
----
A comes up
B comes up
A sees B up
B sees A up
A starts db (placement)
A runs db

crash B
wipe B
A$ readmit B
boot B
within 1m db on A
hosts A B C
install C
boot C
reload A B
within 1m A voters A B C
run 10s
voters A B C
expect one copy of db
----
B loses power
A answers: done, the next new key of B is let in, for 10 minutes
B comes up
C comes up
A alerts (warning): host B is let in again, with the key 747062cc
A sees C up
C sees A up
C sees B up
B sees A up
B sees C up
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
A has stopped db
B alerts (warning): the hosts file here names A, B and C, and those that vote are A and B: the hosts files are to be made alike
C alerts (warning): the hosts file here names A, B and C, and those that vote are A and B: the hosts files are to be made alike
A starts db (operator)
A runs db
  A: set 2, A, B and C
  B: set 2, A, B and C
  C: set 2, A, B and C

crash B
run 30s
expect db on A
----
B loses power
A sees B down
C sees B down
