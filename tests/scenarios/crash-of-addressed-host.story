# The engine of a host with an address of its own dies: the refusal at that address says so at once, long
# before the dead time. (Its machine lives; the service there, too, until its engine is back.)
hosts A B C
service web A B C
boot all
settle
----

kill A
within 1s web on A B
expect B sees A down
----

restart A
settle
expect web on A
----

# All of the machine dies: silence, and the dead time.
crash A
run 4s
expect web nowhere
within 2s web on B

----
