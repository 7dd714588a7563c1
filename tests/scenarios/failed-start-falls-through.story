# A start that fails falls through to the next host; "clear" lets the first try again.
hosts A B C
service web A B C failure_window=10m
scripts web A start=fails
scripts web B start=hangs
boot all
settle
expect web on C
expect one copy of web
explain web C
----

# B's start hung and was killed; its stop ran all the same.
scripts web A start=good
C$ clear web
settle
expect web on A
----
