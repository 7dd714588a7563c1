# A host on which the start failed is barred for the failure window, and twice as long the next time; a
# changed folder lifts the bar.
hosts A B
service web A B failure_window=20s
scripts web A start=fails
boot all
run 10s
expect web on B
----

# The window has passed: A tries again, fails again.
run 25s
expect web on B
----

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
