# "stop" holds until "start" or a cold start of the whole cluster; "disable" holds until "enable".
hosts A B C
service web A B
service mail B C
boot all
settle
----

C$ stop web
settle
expect web nowhere
----

# It survives the restart of one host.
crash A
settle
boot A
settle
expect web nowhere
----

A$ start web
settle
expect web on A
----

A$ stop web
B$ disable mail
settle
expect web nowhere
expect mail nowhere
----

# All hosts lose power: the stop has ended, the disable has not.
crash all
run 10s
boot all
settle
expect web on A
expect mail nowhere
----

C$ enable mail
settle
expect mail on B
----

# Restarting in place.
watch-gap mail
A$ restart mail
settle
expect mail on B
expect one copy of mail
----

A$ start nothing
A$ stop nothing
A$ move web C
----
