-- About how many people, messages and anonymous clicks a campaign has.
SELECT
    (SELECT uniq(person) + countIf(person = '') FROM clicks WHERE campaign = {campaign:String})
    + (SELECT count() FROM messages WHERE campaign = {campaign:String})
