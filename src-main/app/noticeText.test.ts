import { expect, it } from 'vitest';
import { noticeText } from './noticeText';

const hostile = {
  title: 'clerk asks for a person',
  why: 'Sign in:\n<a href="http://bad.example">here</a> &lt;\u202e<img src="file:///x">',
};

it('leaves nothing in a notification that a Linux desktop takes for markup', () => {
  const { title, body } = noticeText(hostile, 'linux');
  expect(title).toBe('clerk asks for a person');
  expect(body).toBe('Sign in: ‹a href="http://bad.example"›here‹/a› ＆lt; ‹img src="file:///x"›');
});

it('says it on one line, as it was written, where text is text', () => {
  expect(noticeText(hostile, 'darwin').body).toBe(
    'Sign in: <a href="http://bad.example">here</a> &lt; <img src="file:///x">',
  );
  expect([...noticeText({ title: '', why: '👩‍💻'.repeat(300) }, 'win32').body]).toHaveLength(240);
});
