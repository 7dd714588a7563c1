/* The way back of a host that lost its state, or has an old one, and an attacker who wants to take it.
 *
 * Two members know the host by a binding (key, readmission count) and share a proved secret with it. The
 * host may be wiped (it comes with a new key) or put back to an old copy of its disk; it reaches the
 * second member only from some time on. An operator opens windows at either member. The attacker has a key
 * of its own and knows the passphrase. A member may crash (its window is gone). What is replicated arrives
 * at any time or not yet. Rotation itself is one step here: rotation.pml has its inside.
 *
 * -DNEW_MEMBER: the second member has not met anybody yet.
 * -DCALM asks for progress: once nothing more is lost, the operators' orders bring the host back to both.
 * -DPLANT_… puts one fault into the protocol; run knows them.
 */

#define MEMBERS 2
#define NOBODY 0
#define FIRST_KEY 1
#define NEW_KEY 2
#define ATTACKER 3

#define PASSPHRASE 0

#ifndef WINDOWS
#define WINDOWS 3
#endif
#define WINDOWS_WHEN_CALM 2

/* Of each member: the binding of the host's line; the stamp tells the later of two writers. */
byte bound_key[MEMBERS] = FIRST_KEY;
byte bound_count[MEMBERS];
byte bound_stamp[MEMBERS];
bit window[MEMBERS];
#define PAIR(m, key) ((m) * 4 + (key))
byte secret[8];
byte under[8]; /* the readmission count under which the pair last rotated or began anew */

byte host_key = FIRST_KEY;
byte host_secret[MEMBERS];
bit reaches_second;

bit copied;
byte copy_secret[MEMBERS];
bit lost; /* wiped, or put back to the copy */
bit put_back;

byte attacker_secret[MEMBERS];

byte stamp;
byte windows;
byte selves;

/* What the properties look at, and the protocol does not. */
bit unused_window[MEMBERS];
bit attacker_had_window;
bit attacker_was_first;
byte rotated_under[8]; /* 1 + the count under which the pair last rotated */

#ifdef CALM
bit calm;
#else
#define calm 0
#endif

byte fresh;

/* Beside the secret the passphrase is accepted once more from a key that was let in since. */
#ifdef PLANT_PASSPHRASE_STAYS_SHUT
#define OPEN(m, key) (secret[PAIR(m, key)] == PASSPHRASE)
#else
#define OPEN(m, key) (secret[PAIR(m, key)] == PASSPHRASE || under[PAIR(m, key)] < bound_count[m])
#endif

#define REACHES(m) ((m) == 0 || reaches_second)

#ifdef PLANT_PASSPHRASE_AS_LAST_RESORT
#define IN_COMMON(m) true
#else
#define IN_COMMON(m) \
	(host_secret[m] == PASSPHRASE && OPEN(m, host_key) || \
	 host_secret[m] != PASSPHRASE && host_secret[m] == secret[PAIR(m, host_key)])
#endif
#define KNOWN_AS(m, key) (bound_key[m] == (key) || bound_key[m] == NOBODY)

#ifdef PLANT_FIRST_CONTACT_BY_STAMP
#define STAMP_DECIDES(m) true
#else
#define STAMP_DECIDES(m) (bound_count[m] > 0)
#endif
#ifdef PLANT_LATER_STAMP_WINS
#define REPLICATES(from, to) \
	(bound_key[to] == NOBODY && bound_key[from] != NOBODY || \
	 bound_count[from] > 0 && bound_stamp[from] > bound_stamp[to])
#else
#define REPLICATES(from, to) \
	(bound_key[to] == NOBODY && bound_key[from] != NOBODY || bound_count[from] > bound_count[to] || \
	 bound_count[from] == bound_count[to] && bound_stamp[from] > bound_stamp[to] && STAMP_DECIDES(to))
#endif
#define NOTHING_TO_REPLICATE (!REPLICATES(0, 1) && !REPLICATES(1, 0))

inline bind(m, key, count, at)
{
	if
	:: bound_key[m] != NOBODY && bound_key[m] != key ->
		secret[PAIR(m, bound_key[m])] = PASSPHRASE;
		under[PAIR(m, bound_key[m])] = 0
	:: else
	fi;
	bound_count[m] = count;
	bound_stamp[m] = at;
	bound_key[m] = key;
	printf("member %d binds the host to key %d, readmission %d\n", m, bound_key[m], bound_count[m])
}

inline use_window(m, key)
{
	assert(unused_window[m]);
	unused_window[m] = 0;
#ifndef PLANT_WINDOW_STAYS_OPEN
	window[m] = 0;
#endif
	stamp++;
	bind(m, key, bound_count[m] + 1, stamp)
}

inline check_passphrase(m, key)
{
	assert(rotated_under[PAIR(m, key)] <= bound_count[m])
}

#define IN_USE(m, key, s) \
	(secret[PAIR(m, key)] == (s) || host_secret[m] == (s) || copy_secret[m] == (s) || attacker_secret[m] == (s))

inline begin_anew(m, key)
{
	secret[PAIR(m, key)] = PASSPHRASE;
	under[PAIR(m, key)] = bound_count[m]
}

inline rotate(m, key)
{
	fresh = 1;
	do
	:: IN_USE(m, key, fresh) -> fresh++
	:: else -> break
	od;
	secret[PAIR(m, key)] = fresh;
#ifndef PLANT_PASSPHRASE_STAYS_OPEN
	under[PAIR(m, key)] = bound_count[m];
#endif
	rotated_under[PAIR(m, key)] = 1 + bound_count[m]
}

inline first_contact(m, key)
{
	stamp++;
	bind(m, key, 0, stamp)
}

inline host_meets(m)
{
	printf("the host, key %d, meets member %d\n", host_key, m);
	if
	:: bound_key[m] == NOBODY -> first_contact(m, host_key)
	:: bound_key[m] != NOBODY && bound_key[m] != host_key -> use_window(m, host_key)
#ifndef PLANT_SAME_KEY_KEEPS_WINDOW
	:: bound_key[m] == host_key && host_secret[m] == PASSPHRASE && !OPEN(m, host_key) -> use_window(m, host_key)
#endif
	:: else
	fi;
	if
	:: host_secret[m] == PASSPHRASE -> check_passphrase(m, host_key); begin_anew(m, host_key)
	:: else
	fi;
	if
	:: true ->
		rotate(m, host_key);
		host_secret[m] = fresh;
		fresh = 0;
		printf("they rotate, under %d\n", under[PAIR(m, host_key)])
	:: !calm -> printf("and part before they rotate\n")
	fi
}

/* A window lets in who proves the passphrase, whatever his key. */
#define LET_IN(m) \
	(IN_COMMON(m) && KNOWN_AS(m, host_key) || window[m] && host_secret[m] == PASSPHRASE)

#ifdef PLANT_ANY_KEY
#define ATTACKER_KNOWN(m) true
#else
#define ATTACKER_KNOWN(m) KNOWN_AS(m, ATTACKER)
#endif
#define ATTACKER_LET_IN(m) (OPEN(m, ATTACKER) && ATTACKER_KNOWN(m) || window[m] || BY_SECRET(m))
#define BY_SECRET(m) \
	(bound_key[m] == ATTACKER && attacker_secret[m] != PASSPHRASE && secret[PAIR(m, ATTACKER)] == attacker_secret[m])

inline attacker_meets(m)
{
	printf("the attacker meets member %d\n", m);
	if
	:: bound_key[m] == NOBODY -> attacker_was_first = 1; first_contact(m, ATTACKER)
	:: bound_key[m] != NOBODY && window[m] && !BY_SECRET(m) ->
		use_window(m, ATTACKER);
		attacker_had_window = 1
	:: else
	fi;
	assert(attacker_had_window || (attacker_was_first && m == 1));
	if
	:: !BY_SECRET(m) -> check_passphrase(m, ATTACKER); begin_anew(m, ATTACKER)
	:: else
	fi;
	if
	:: true -> rotate(m, ATTACKER); attacker_secret[m] = fresh; fresh = 0
	:: true
	fi
}

inline open_window(m)
{
	printf("readmit HOST at member %d\n", m);
	windows++;
	window[m] = 1;
	unused_window[m] = 1
}

inline readmit_self()
{
	printf("readmit self at the host\n");
	host_secret[0] = PASSPHRASE;
	host_secret[1] = PASSPHRASE
}

inline come_back(key)
{
	lost = 1;
	host_key = key;
	host_secret[0] = copy_secret[0];
	host_secret[1] = copy_secret[1]
}

inline forget_copy()
{
	copied = 0;
	copy_secret[0] = 0;
	copy_secret[1] = 0
}

#define TOGETHER(m) \
	(bound_key[m] == host_key && host_secret[m] != PASSPHRASE && host_secret[m] == secret[PAIR(m, host_key)] && \
	 !OPEN(m, host_key))

/* A host that has a secret, and neither an old disk nor a rival, is never locked out. (A new member may know
 * it by a key that a readmission elsewhere does not name.) */
#ifdef NEW_MEMBER
#define RIVALS true
#else
#define RIVALS attacker_had_window
#endif
inline check_shared(m)
{
	assert(RIVALS || put_back || bound_key[m] != host_key ||
		host_secret[m] == PASSPHRASE || host_secret[m] == secret[PAIR(m, host_key)])
}

inline step_with(m)
{
	if
	:: LET_IN(m) && REACHES(m) && !(calm && TOGETHER(m)) -> host_meets(m)
	:: !calm && ATTACKER_LET_IN(m) -> attacker_meets(m)
	:: !calm && windows < WINDOWS && !window[m] -> open_window(m)
	:: !calm && window[m] -> window[m] = 0; unused_window[m] = 0; printf("the window of member %d is over\n", m)
	:: REPLICATES(m, 1 - m) -> bind(1 - m, bound_key[m], bound_count[m], bound_stamp[m])
#ifdef CALM
	:: calm && NOTHING_TO_REPLICATE && REACHES(m) && !TOGETHER(m) && !LET_IN(m) ->
		if
		:: host_secret[m] != PASSPHRASE -> readmit_self()
		:: else -> assert(windows < WINDOWS_WHEN_CALM); open_window(m)
		fi
#endif
	fi
}

init
{
	atomic {
		secret[PAIR(0, FIRST_KEY)] = 1;
		host_secret[0] = 1;
		rotated_under[PAIR(0, FIRST_KEY)] = 1;
#ifdef NEW_MEMBER
		bound_key[1] = NOBODY;
#else
		secret[PAIR(1, FIRST_KEY)] = 1;
		host_secret[1] = 1;
		rotated_under[PAIR(1, FIRST_KEY)] = 1;
#endif
	}
	do
	:: atomic {
		if
		:: step_with(0)
		:: step_with(1)
		:: !calm && !lost && !copied && host_key == FIRST_KEY ->
			printf("the host's disk is copied\n");
			copied = 1;
			copy_secret[0] = host_secret[0];
			copy_secret[1] = host_secret[1]
		:: !calm && copied -> printf("the host comes back from the copy\n"); come_back(FIRST_KEY); put_back = 1; forget_copy()
		:: !calm && !lost -> printf("the host is wiped\n"); forget_copy(); come_back(NEW_KEY)
		:: !calm && selves < 2 -> selves++; readmit_self()
		:: !reaches_second -> reaches_second = 1; printf("the host reaches member 1\n")
#ifdef CALM
		:: !calm ->
			calm = 1;
			windows = 0;
			printf("from here on nothing is lost\n")
#endif
		fi;
		check_shared(0);
		check_shared(1)
	}
#ifdef CALM
	:: timeout -> assert(TOGETHER(0) && TOGETHER(1)); break
#endif
	od
}
