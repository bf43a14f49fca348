-- name: ledger_post!
-- One posting: an amount leaves the task's book and enters the user's, or the reverse where it is negative. It is the
-- next of the submission.
INSERT INTO ledger_entries (account_id, submission_id, posting, book, book_id, amount, currency, bounty_id, created_at)
SELECT s.account_id, s.id,
       (SELECT count(*) FROM ledger_entries e WHERE e.submission_id = s.id AND e.book = 'user'),
       side.book, CASE side.book WHEN 'task' THEN s.task_id ELSE s.user_id END, side.sign * CAST(:amount AS BIGINT),
       b.currency, b.id, :now
FROM submissions s JOIN bounties b ON b.id = :bounty_id
CROSS JOIN (SELECT 'task' AS book, -1 AS sign UNION ALL SELECT 'user', 1) side
WHERE s.id = :submission_id;

-- name: ledger_of_submission
-- How many entries it has.
SELECT count(*) AS n FROM ledger_entries WHERE submission_id = :submission_id;

-- name: ledger_balance
-- What a book of the account comes to.
SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) AS balance FROM ledger_entries
WHERE book = :book AND book_id = :book_id AND account_id = :account_id;

-- name: ledger_unbalanced_postings
-- Postings that do not move one amount from one book to the other.
SELECT submission_id, posting FROM ledger_entries GROUP BY submission_id, posting
HAVING sum(amount) <> 0 OR count(*) <> 2 ORDER BY submission_id, posting;

-- name: ledger_wrong_submissions
-- Submissions whose entries do not come to what they were paid.
SELECT s.id FROM submissions s WHERE s.paid <>
  (SELECT coalesce(sum(e.amount), 0) FROM ledger_entries e WHERE e.submission_id = s.id AND e.book = 'user')
ORDER BY s.id;

-- name: ledger_wrong_users
-- Users whose book does not come to what their submissions were paid.
SELECT u.id FROM users u WHERE
  (SELECT coalesce(sum(e.amount), 0) FROM ledger_entries e WHERE e.book = 'user' AND e.book_id = u.id) <>
  (SELECT coalesce(sum(s.paid), 0) FROM submissions s WHERE s.user_id = u.id)
ORDER BY u.id;

-- name: ledger_wrong_tasks
-- Tasks that count otherwise than their submissions and their book do.
SELECT t.id FROM tasks t WHERE
  t.paid <> (SELECT coalesce(-sum(e.amount), 0) FROM ledger_entries e WHERE e.book = 'task' AND e.book_id = t.id)
  OR t.paid <> (SELECT coalesce(sum(s.paid), 0) FROM submissions s WHERE s.task_id = t.id)
  OR t.approved_count <> (SELECT count(*) FROM submissions s WHERE s.task_id = t.id AND s.status = 'a')
  OR t.rejected_count <> (SELECT count(*) FROM submissions s WHERE s.task_id = t.id AND s.status = 'b')
  OR t.pending_count <> (SELECT count(*) FROM submissions s WHERE s.task_id = t.id AND s.status IN ('c', 'd'))
ORDER BY t.id;
