# A laptop sleeps for a minute while it runs web. The others take over; when it wakes it distrusts what it
# knew, and gives way or takes back in order, never starting beside a copy that runs.
hosts A B L*
service web L A B
service mail A L
boot all
settle
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
A starts mail (placement)
A runs mail
L runs web

sleep L
within 7s web on A L
run 55s
expect A sees L down
----
A sees L down
B sees L down
A starts web (failover from L)
A runs web
A alerts (warning): service web runs here now instead of on L, which is down

# It wakes: while it has not met the others both copies are there, and no longer.
wake L
settle
show
expect web on L
view L
----
L alerts (warning): this host stood still for 59 s; its links and what it believes are made anew
L sees B down
L sees A down
L sees B up
L sees A up
A sees L up
A stops web (lost-ownership to L)
B sees L up
A has stopped web
  web: runs on L
  mail: runs on A
  L sees A=up/direct B=up/direct L=up/self
  L sees web running on L: L is the most preferred host that is up and able
  L sees mail running on A: A is the most preferred host that is up and able

# The engine alone stands still: its guardian ends it, stops what runs, and has another one before L is missed.
freeze L
run 60s
thaw L
settle
expect web on L
view L
----
L's engine dies
L stops web (lost-ownership)
L comes up
L sees B up
L sees A up
L has stopped web
L starts web (operator)
L runs web
  L sees A=up/direct B=up/direct L=up/self
  L sees web running on L: L is the most preferred host that is up and able
  L sees mail running on A: A is the most preferred host that is up and able
