import { fill } from './clock';

/** How many have answered a check-in, of how many who were asked. */
export interface Count {
  number: number;
  answers: number;
  people: number;
}

/** A line for each check-in, in the order in which they were opened. */
export function drawCounts(list: Element, counts: Map<number, Count>, words: DOMStringMap): void {
  const rows = [...counts.values()]
    .sort((one, other) => one.number - other.number)
    .map(({ number, answers, people }) => {
      const row = document.createElement('li');
      row.textContent = `${fill(words['wordsCheckin'], { number })}: ${fill(words['wordsCounted'], { answers, people })}`;
      return row;
    });
  list.replaceChildren(...rows);
}
