# C's disk is put back to what it was before it granted db to A, without a start in between, while only A could tell what it
# has granted. B knows at least that C once had more in its ledger, and says so: C does not vote before it has asked.
hosts A B C
service db A B C ownership=majority margin=2s
boot all
settle
A$ stop db
scripts db A stop=1500ms
backup C
cut A B
A$ start db &
run 1500ms
expect db on A
crash C
part A
restore C
boot C
run 1m
expect one copy of db
expect db nowhere
heal
within 30s db on A
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
A stops db (operator)
A has stopped db
A answers: done, db is stopped
A starts db (operator)
A runs db
A answers: done, db runs on A
C loses power
C comes up
C alerts (warning): this host's state was put back to what it was earlier, as others have heard of more; it asks them what it has granted before it votes again
C sees B up
C sees A up
B sees A down
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
A sees B down
A sees C down
C sees A down
A has stopped db
C alerts (warning): this host does not vote on services with ownership majority yet: it has not heard from A
A sees B up
A sees C up
C sees A up
B sees A up
A starts db (operator)
