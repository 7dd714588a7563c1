# A planned move: the old host stops first, then the new one starts; it stays there until "clear".
hosts A B C
service web A B C
boot all
settle
expect web on A
----

watch-gap web
A$ move web C
settle
expect web on C
expect one copy of web
expect gap of web below 3s
explain web B
----

# Until that host fails.
crash C
settle
expect web on A
----

# The move has ended with it.
boot C
settle
expect web on A
----

B$ move web B
settle
expect web on B
----

A$ clear web
settle
expect web on A
expect one copy of web
----

