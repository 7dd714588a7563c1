# Secrets are replaced every second, and either end dies at any moment of it, with what was not stored yet: the
# pair always has one of the two in common.
rekey 1s
hosts A B
disk A slow
boot all
run 10s
kill A
restart A
run 1700ms
kill B
restart B
run 2300ms
crash A
run 100ms
boot A
run 3100ms
crash B
boot B
run 1450ms
kill A
kill B
restart A
restart B
run 10s
expect A linked B
expect A knows B by secret
expect B knows A by secret
expect keys
----
A comes up
B comes up
B sees A up
A sees B up
A's engine dies
A comes up
B's engine dies
B comes up
A sees B up
B sees A up
A loses power
A comes up
A sees B up
B loses power
B comes up
B sees A up
A's engine dies
B's engine dies
A comes up
B comes up
B sees A up
A sees B up
