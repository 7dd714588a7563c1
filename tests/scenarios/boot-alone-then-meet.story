# Two hosts boot while they cannot reach each other: each runs what it can. When they meet, every service
# goes on on one of them, the more preferred.
hosts A B C*
service web B A
service mail A B
cut A B
boot A B
settle
show
----

heal A B
settle
show
expect web on B
expect mail on A
view A
----
