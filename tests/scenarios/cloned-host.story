# Somebody copies the machine of C, key and state, and starts the copy as well.
hosts A B C D
service web A C
boot A B C
settle
expect web on A
----

# D is the copy; it uses C's line, too.
clone C D
boot D
run 60s
view A
----
