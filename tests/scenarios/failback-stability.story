# With a time of stability the preferred host has to be up for so long before it gets the service back.
hosts A B
service web A B failback=20s
boot all
settle
crash A
settle
expect web on B
----

boot A
run 18s
expect web on B
within 5s web on A
expect one copy of web
----
