# A host that lost its state comes back with a new key on its old line.
hosts A B C
service web C A B
boot all
settle
expect web on C
----

crash C
wipe C
run 10s
boot C
settle
view A
view C
----
