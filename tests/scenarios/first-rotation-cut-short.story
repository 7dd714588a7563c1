# The pair's first secret is stored at both ends, and proved by neither, when both die. They come back by the
# passphrases, which both have, and not by the secret: the next rotation may overwrite that while a handshake by it
# goes on.
hosts A B
disk A slow
boot all
run 4300ms
expect A knows B by passphrases
expect B knows A by passphrases
crash A
crash B
boot all
within 10s A linked B
run 20s
expect A knows B by secret
expect B knows A by secret
expect keys
----
A comes up
B comes up
B sees A up
A sees B up
A loses power
B loses power
A comes up
B comes up
B sees A up
A sees B up
