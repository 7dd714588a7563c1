# A laptop is told that it is about to sleep. What runs there by leases is handed over first, while somebody hears
# of it; what runs there without stays, and sleeps with it.
hosts A B L*
service db L A B ownership=majority margin=2s failback=never
service web L A B
boot all
settle 1m
expect db on L
expect web on L
----
A comes up
B comes up
L comes up
A sees B up
L sees A up
B sees A up
B sees L up
A sees L up
L sees B up
L starts web (placement)
L starts db (placement)
L runs db
L runs web

watch-gap db
sleep-in-order L
within 2s db on A
expect one copy of db
expect gap of db below 1s
----
L stops db (shutdown to A)
L has stopped db
A starts db (failover from L)

# Asleep it is missed as any host.
run 20s
expect L sees A up
expect A sees L down
within 1s web on A L
----
A runs db
A alerts (warning): service db runs here now instead of on L, which cannot run it
B sees L down
A sees L down
A starts web (failover from L)
A runs web
A alerts (warning): service web runs here now instead of on L, which is down

# It wakes, and takes nothing back that it has not been told to.
wake L
settle
expect db on A
expect web on L
expect one copy of db
show
----
L alerts (warning): this host stood still for 18.9 s; its links and what it believes are made anew
L sees B down
L sees A down
L sees B up
L sees A up
B sees L up
A sees L up
A stops web (lost-ownership to L)
A has stopped web
  db: runs on A
  web: runs on L

L$ move db L
L$ clear db
settle
expect db on L
----
A stops db (move to L)
A has stopped db
L starts db (move from A)
L runs db
L answers: done, db runs on L
L answers: done, db runs on L

# Its stop hangs, and the machine does not wait for that for ever. The copy sleeps with it while its lease ends, and
# is dead as soon as it wakes.
scripts db L stop=hangs
sleep-in-order L
run 30s
expect db on A L
scripts db L stop=good
wake L
within 500ms db on A
settle 2m
expect db on A
show
----
L stops db (shutdown to A)
A sees L down
B sees L down
A starts web (failover from L)
A runs web
A alerts (warning): service web runs here now instead of on L, which is down
A starts db (failover from L)
A runs db
A alerts (warning): service db runs here now instead of on L, which is down
L's engine dies
L: stop of db ends with signal 9
L stops db (lost-ownership)
L stops web (lost-ownership)
L comes up
L alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
L alerts (critical): service db is killed here: its lease ends before it has stopped
L sees B up
L sees A up
L: stop of db ends with signal 9
A sees L up
B sees L up
L stops db (lost-ownership)
L has stopped web
L has stopped db
A stops web (failback to L)
A has stopped web
L starts web (failback from A)
L runs web
  db: runs on A
  web: runs on L

# Nobody says that it has woken, or that it did not sleep after all: it has the last word by its clock.
L$ clear db
L$ move db L
L$ clear db
settle
expect db on L
----
L answers: done, db runs on A
A stops db (move to L)
A has stopped db
L starts db (move from A)
L runs db
L answers: done, db runs on L
L answers: done, db runs on L

sleep-in-order L
run 5s
miss-waking L
wake L
settle
L$ move db L
run 1m
L$ move db L
settle
expect db on L
----
L stops db (shutdown to A)
L has stopped db
A starts db (failover from L)
A runs db
A alerts (warning): service db runs here now instead of on L, which cannot run it
L answers: refused, L is about to sleep
A stops db (move to L)
A has stopped db
L starts db (move from A)
L runs db
L answers: done, db runs on L
