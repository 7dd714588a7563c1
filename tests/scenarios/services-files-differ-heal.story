# The services files of two hosts differ: the newer order decides for both, and all are told.
hosts A B C
service web A B C
boot all
settle
expect web on A
----

service web B A C
reload B
settle
expect web on B
view A
view C
----

# Edited on A while A is cut off; when the sides meet the newer order holds for all.
silence A
settle
service web C B A
reload A
run 2s
unsilence A
settle
show
view A
view B
----

# In the end the files agree.
reload all
settle
expect web on C
----
