# A stop that hangs is killed with all it started. Where status then says that the service is gone, all is
# well; where it is not, the service is stop-failed here and says so.
hosts A B
service web A B stop_timeout=5s
service bare A B stop_timeout=5s status=no
boot all
settle
----

scripts web A stop=hangs
scripts bare A stop=hangs
A$ move web B
A$ move bare B
settle
view B
----

# The stop works again, and the operator says so.
scripts web A stop=good
scripts bare A stop=good
A$ clear web
A$ clear bare
settle
show
expect web on A
expect bare on A
----
