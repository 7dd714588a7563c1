# A host with another passphrase stays out, until its file is right.
hosts A B C*
service web C A
install all
passphrase C wrong
boot all
run 30s
expect A sees C down
expect B sees C down
view A
----

crash C
passphrase C right
boot C
settle
expect A sees C up
expect web on C
----
