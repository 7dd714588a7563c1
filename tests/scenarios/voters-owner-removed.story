# The host that runs db is taken out of the files of the others, and knows nothing of it: its lease ends, then another has it.
hosts A B C D
service db D A B C ownership=majority margin=2s
boot all
settle 1m
expect db on D
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
D starts db (placement)
D runs db

hosts A B C
service db A B C
reload A B C
within 1m A voters A B C
run 30s
expect db on A
expect one copy of db
voters A B D
----
A sees D down
B sees D down
C sees D down
D alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
D stops db (lost-ownership)
D sees B down
D sees A down
D sees C down
D has stopped db
A starts db (failover from 4)
A runs db
A alerts (warning): service db runs here now instead of on host 4, which is down
  A: set 2, A, B and C
  B: set 2, A, B and C
  D: set 1, A, B, C and D
