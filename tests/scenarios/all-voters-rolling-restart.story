# Every daemon is restarted, one after the other, under a service owned by majority: engines that begin anew take over
# what their guardians have kept, voters answer renewals of what they have stored at once, and nothing moves.
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

watch-gap db
kill B
run 200ms
restart B
run 1s
kill C
run 200ms
restart C
run 1s
kill A
run 200ms
restart A
settle 1m
expect db on A
expect gap of db below 1ms
expect one copy of db
show
----
B's engine dies
B comes up
B sees A up
B sees C up
C's engine dies
C comes up
C sees B up
C sees A up
A's engine dies
A comes up
A sees B up
A sees C up
  db: runs on A

# Voters that lose power as well, one at a time.
crash B
run 2s
boot B
settle 1m
crash C
run 2s
boot C
settle 1m
expect db on A
expect gap of db below 1ms
----
B loses power
B comes up
B sees A up
B sees C up
C loses power
C comes up
C sees B up
C sees A up
A sees C down
A sees C up
