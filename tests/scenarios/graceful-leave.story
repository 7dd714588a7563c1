# A host that leaves hands its services over first, then says goodbye; nobody waits for the dead time.
hosts A B* C
service web A B C
service mail A C
boot all
settle
expect web on A
----

leave A
within 4s B sees A down
settle
expect web on B
expect mail on C
expect one copy of web
expect one copy of mail
----

restart A
settle
expect web on A
expect mail on A
expect one copy of web
----
