# A laptop sleeps for a minute while it runs web. The others take over; when it wakes it distrusts what it
# knew, and gives way or takes back in order, never starting beside a copy that runs.
hosts A B L*
service web L A B
service mail A L
boot all
settle
expect web on L
----

sleep L
within 7s web on A L
settle
expect A sees L down
----

# It wakes: while it has not met the others both copies are there, and no longer.
wake L
settle
show
expect web on L
view L
----

# The same with the engine alone, stopped for a minute.
freeze L
within 7s web on A L
run 55s
thaw L
settle
expect web on L
view L
----
