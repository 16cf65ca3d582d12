/** What is on the shelf: invented titles by invented artists. */

export interface Release {
  readonly title: string
  readonly artist: string
  readonly cds: number
  readonly price: number
}

export const RELEASES: readonly Release[] = [
  { title: 'Night Bus to Ystad', artist: 'Halden Quartet', cds: 1, price: 14.97 },
  { title: 'Salt Arithmetic', artist: 'Orla Vance', cds: 1, price: 12.99 },
  { title: 'Low Tide Manners', artist: 'The Cardboard Admirals', cds: 1, price: 11.77 },
  { title: 'Eleven Windows', artist: 'Mira Kessel', cds: 2, price: 24.98 },
  { title: 'Please Hold', artist: 'Delta Fax', cds: 1, price: 9.99 },
  { title: 'Blue Ledger', artist: 'Tom Arkady Trio', cds: 1, price: 15.96 },
  { title: 'Compass Rose', artist: 'Sunday Geometry', cds: 1, price: 13.49 },
  { title: 'Two Pianos, One Kettle', artist: 'Lindqvist & Rao', cds: 2, price: 21.5 },
  { title: 'The Gap Year', artist: 'Velvet Turnstile', cds: 1, price: 12.49 },
  { title: 'Hours of Brass', artist: 'Ines Okafor', cds: 3, price: 38.97 },
  { title: 'Herringbone', artist: 'Parquet Kings', cds: 1, price: 10.77 },
  { title: 'Room 14', artist: 'Nova Pensione', cds: 1, price: 14.37 },
  { title: 'Prompt Side', artist: 'The Understudies', cds: 1, price: 11.49 },
  { title: 'Ferry Weather', artist: 'Kastor Bay', cds: 2, price: 19.99 },
  { title: 'Songs for Tall Rooms', artist: 'Beatrix Lund', cds: 1, price: 16.99 },
  { title: 'Dial Tone Summer', artist: 'Machine Picnic', cds: 1, price: 12.99 },
  { title: 'Canal Notebook', artist: 'Ruben Achterberg', cds: 1, price: 13.97 },
  { title: 'Glass in C', artist: 'Glasshouse Choir', cds: 4, price: 49.96 },
  { title: 'Checkout at Noon', artist: 'Hotel Meridiem', cds: 1, price: 11.99 },
  { title: 'All Our Errata', artist: 'Plain Sailing', cds: 3, price: 34.47 },
  { title: 'Field Work 1–3', artist: 'Augusta Finch', cds: 3, price: 36.99 },
  { title: 'Return Unit', artist: 'Cobalt Postal', cds: 1, price: 9.49 },
  { title: 'Remainders', artist: 'The Long Division', cds: 6, price: 74.94 },
  { title: 'Snow on Snow', artist: 'Yuki Harrow', cds: 1, price: 15.49 },
]
