# A service of ownership majority is added to a cluster that had none, so all hosts begin to vote. A, whose disk is slow, is
# the last, and the service is its own to start: nothing happens afterwards that would have it look again.
hosts A B C
boot all
settle 5m
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

service db A ownership=majority margin=1s
disk A slow
reload all
within 10s db on A
----
A starts db (placement)
