# C loses its disk while A has a lease. B, which cannot reach A any more, does not get the service by the vote of
# somebody who has forgotten whom it has granted it: C votes again once both others have told it what they know.
hosts A B C
service db A B C ownership=majority margin=2s
boot all
settle 1m
expect db on A
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
wipe C
A$ readmit C
B$ readmit C
boot C
run 1s
silence A
within 6s db nowhere
run 30s
expect db nowhere
unsilence A
within 30s db on A
expect one copy of db
----
C loses power
A answers: done, the next new key of C is let in, for 10 minutes
B answers: done, the next new key of C is let in, for 10 minutes
C comes up
A alerts (warning): host C is let in again, with the key be21d0f7
B alerts (warning): host C is let in again, with the key be21d0f7
C sees B up
C sees A up
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
B sees A down
C sees A down
A has stopped db
A sees B down
A sees C down
C alerts (warning): this host does not vote on services with ownership majority yet: it has not heard from A
B sees A up
A sees B up
A sees C up
C sees A up
A starts db (operator)
