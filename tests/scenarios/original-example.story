# The original's example. S has an address, L and P have none. S and P are connected and run what they
# may. Then L comes up and connects to S.
hosts S L* P*
service web L S P
service mail S P L
service files L P
service proxy P L S
boot S P
settle
show
----

# S and P give up what L is preferred for, and only that. S tells P where L is, and P dials L.
boot L
settle
show
expect S linked L
expect P linked L
expect S linked P
expect web on L
expect files on L
expect mail on S
expect proxy on P
----

# L dies: power lost, no goodbye.
crash L
settle
show
expect web on S
expect files on P
----

boot L
settle
show
expect web on L
expect files on L
----

# L falls silent, and does not know it.
silence L
within 8s S sees L down
settle
view S L
----

# Both sides have run web and files; when they meet, the less preferred stops.
unsilence L
settle
show
expect web on L
expect files on L
expect mail on S
expect proxy on P
----
