# A host on which the start failed is barred for the failure window, and twice as long the next time; a
# changed folder lifts the bar.
hosts A B
service web A B failure_window=20s
scripts web A start=fails
boot all
run 10s
expect web on B
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A: start of web ends with exit 1
A alerts (critical): service web failed to start here: start exited with 1
A stops web (health)
A has stopped web
B starts web (health from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which failed to run it

# The window has passed: A tries again, fails again.
run 25s
expect web on B
----
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A: start of web ends with exit 1
A alerts (critical): service web failed to start here: start exited with 1
A stops web (health)
A has stopped web
B starts web (health from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which failed to run it

# Twice as long: after another 25 s nothing has been tried.
run 20s
expect web on B
----

# The scripts are mended and the folder says so.
scripts web A start=good
service web folder=2
reload all
settle
expect web on A
----
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
