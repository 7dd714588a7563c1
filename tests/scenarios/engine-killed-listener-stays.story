# The engine dies at whatever moment: the guardian keeps the listening socket, so nothing refuses and nobody takes the
# host for dead; scripts that run go on, and the next engine takes over what is there.
hosts A B C*
service web A B C
service slow B A
scripts slow B start=2s stop=2s
boot all
settle 1m
expect web on A
expect slow on B
----
A comes up
B comes up
C comes up
A sees B up
C sees A up
B sees A up
B sees C up
A sees C up
C sees B up
A starts web (placement)
B starts slow (placement)
A runs web
B runs slow

kill A
run 300ms
expect web on A
expect B sees A up
restart A
settle
show
expect web on A
expect one copy of web
----
A's engine dies
A comes up
A sees B up
A sees C up
  web: runs on A
  slow: runs on B

# While its start runs.
scripts slow A start=2s stop=2s
A$ move slow A &
run 2100ms
kill A
run 200ms
restart A
settle 1m
show
----
B stops slow (move to A)
B has stopped slow
A starts slow (move from B)
A's engine dies
A comes up
A sees B up
A sees C up
A runs slow
  web: runs on A
  slow: runs on A

# While its stop runs.
A$ clear slow &
run 50ms
kill A
run 100ms
restart A
settle 1m
show
----
A stops slow (failback to B)
A's engine dies
A comes up
A sees B up
A sees C up
A has stopped slow
B starts slow (failback from A)
B runs slow
  web: runs on A
  slow: runs on B

# No engine comes up again: the guardian stops what runs before the others take over.
kill A
within 5s web nowhere
within 2s web on B
expect one copy of web
expect B sees A down
show
----
A's engine dies
A stops web (lost-ownership)
A has stopped web
C sees A down
B sees A down
B starts web (failover from A)
  web: runs on B
  slow: runs on B

restart A
settle
show
expect web on A
----
A comes up
C sees A up
B sees A up
A sees B up
A sees C up
B runs web
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
  web: runs on A
  slow: runs on B

# An engine that stands still is ended, and another begins.
freeze A
run 8s
settle
show
expect one copy of web
----
A's engine dies
A stops web (lost-ownership)
A has stopped web
A comes up
A sees B up
A sees C up
A starts web (placement)
A runs web
  web: runs on A
  slow: runs on B
