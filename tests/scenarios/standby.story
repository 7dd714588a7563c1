# A host on standby gives up its services and gets them back when it is online again; what is on standby
# takes no service even when nobody else can.
hosts A B*
service web A B
service mail B A
boot all
settle
expect web on A
expect mail on B
----

B$ standby A
settle
expect web on B
view B
----

A$ standby B
settle
expect web nowhere
expect mail nowhere
----

A$ online B
A$ online A
settle
expect web on A
expect mail on B
expect one copy of web
----
