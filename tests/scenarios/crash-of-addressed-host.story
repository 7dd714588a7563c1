# Engine and guardian of a host with an address of its own die: the refusal at that address says so at once, long
# before the dead time. (Its machine lives; the service there, too, until its daemon is back.)
hosts A B C
service web A B C
boot all
settle
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
A starts web (placement)
A runs web

kill-both A
within 1s web on A B
expect B sees A down
----
A's engine dies
B sees A down
C sees A down
B starts web (failover from A)

restart A
settle
expect web on A
----
A comes up
B sees A up
C sees A up
A sees B up
A sees C up
B: start of web ends with signal 9
B stops web (lost-ownership to A)
B has stopped web

# All of the machine dies: silence, and the dead time.
crash A
run 4s
expect web nowhere
within 2s web on B
----
A loses power
B sees A down
C sees A down
B starts web (failover from A)
