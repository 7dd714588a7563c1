# Releases and answers that come late, of a claim long over, change nothing: the link of A and B is slow, so
# that what they say of one claim arrives during the next.
hosts A B C
service web A B C
latency A B 400ms
boot all
settle
expect web on A
expect one copy of web
----

A$ move web B
settle
expect web on B
A$ move web C &
run 200ms
B$ move web A &
run 300ms
C$ move web B &
settle
expect web on B
expect one copy of web
----

A$ clear web
settle
expect web on A
expect one copy of web
----
