//! Entries coming out.

use crate::{
    database::{Database, State, hlc_from_sql, hlc_to_sql},
    fault::Fault,
    seal::{Table, unseal},
};
use hearth_ports::store::EntrySummary;
use hearth_types::{ChannelId, Class, Day, DeviceId, EntryId, EntryRow, Hlc, Scope, SpaceId, Target};
use rusqlite::{CachedStatement, Connection, Params, Row};

/// Where a page of a day starts and how much of it is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) before: Option<(Hlc, EntryId)>,
    pub(crate) limit: usize,
    pub(crate) bytes: usize,
}

// `CROSS JOIN` fixes the order: entries first, then two look-ups by row number.
macro_rules! rows {
    ($($rest:literal)*) => {
        concat!(
            "SELECT e.id, p.space, l.device, e.seq, e.hlc, p.scope, e.day, e.target_day, e.target_id, e.class, ",
            "e.envelope, e.signature, e.body FROM entries e CROSS JOIN places p ON p.place = e.place ",
            "CROSS JOIN logs l ON l.log = e.log ", $($rest),*
        )
    };
}

/// A day's own rows, and rows of other days that amend it: two ordered index walks, merged.
const DAY: &str = concat!(
    rows!("WHERE e.place = ?1 AND e.day = ?2"),
    " UNION ALL ",
    rows!("WHERE e.place = ?1 AND e.target_day = ?2 AND e.day <> ?2"),
    " ORDER BY 5, 1"
);
const DAY_BEFORE: &str = concat!(
    rows!("WHERE e.place = ?1 AND e.day = ?2 AND (e.hlc, e.id) < (?3, ?4)"),
    " UNION ALL ",
    rows!("WHERE e.place = ?1 AND e.target_day = ?2 AND e.day <> ?2 AND (e.hlc, e.id) < (?3, ?4)"),
    " ORDER BY 5 DESC, 1 DESC"
);
const DAY_IDS: &str = "SELECT hlc, id FROM entries WHERE place = ?1 AND day = ?2 UNION ALL
    SELECT hlc, id FROM entries WHERE place = ?1 AND target_day = ?2 AND day <> ?2 ORDER BY 1, 2";
const BY_ID: &str = rows!("WHERE e.id = ?1");
const PLACE: &str = rows!("WHERE e.place = ?1 ORDER BY e.day, e.hlc, e.id");
const SUMMARIES: &str = "SELECT e.id, l.device, e.seq, e.hlc, e.target_day, e.target_id
    FROM entries e INDEXED BY entries_by_day CROSS JOIN logs l ON l.log = e.log WHERE e.place = ?1";

impl Database {
    /// All rows of a day, oldest first.
    pub(crate) fn load_day(&mut self, space: SpaceId, scope: Scope, day: Day) -> Result<Vec<EntryRow>, Fault> {
        let Self { conn, state } = self;
        let Some(place) = state.find_place(conn, space, scope)? else { return Ok(Vec::new()) };
        collect(conn.prepare_cached(DAY)?, (place, day.0), conn, state)
    }

    /// Stamps and ids of a day, oldest first.
    pub(crate) fn list_day(&mut self, space: SpaceId, scope: Scope, day: Day) -> Result<Vec<(Hlc, EntryId)>, Fault> {
        let Some(place) = self.state.find_place(&self.conn, space, scope)? else { return Ok(Vec::new()) };
        let mut query = self.conn.prepare_cached(DAY_IDS)?;
        let ids = query.query_map((place, day.0), |row| Ok((hlc_from_sql(row.get(0)?), EntryId(row.get(1)?))))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// A page of a day, newest first, and whether a limit cut it. The first row comes whatever its size.
    pub(crate) fn load_before(
        &mut self,
        space: SpaceId,
        scope: Scope,
        day: Day,
        page: Page,
    ) -> Result<(Vec<EntryRow>, bool), Fault> {
        let Self { conn, state } = self;
        let Some(place) = state.find_place(conn, space, scope)? else { return Ok((Vec::new(), false)) };
        // Ids are 32 bytes, so 33 bytes of 0xff lie past every row.
        let (hlc, id) = match page.before {
            Some((hlc, id)) => (hlc_to_sql(hlc), id.0.to_vec()),
            None => (i64::MAX, vec![0xff; 33]),
        };
        let mut query = conn.prepare_cached(DAY_BEFORE)?;
        let mut found = query.query((place, day.0, hlc, id))?;
        let (mut rows, mut bytes): (Vec<EntryRow>, usize) = (Vec::new(), 0);
        while let Some(row) = found.next()? {
            if rows.len() >= page.limit {
                return Ok((rows, true));
            }
            let row = read(row, conn, state)?;
            bytes += row.envelope.len() + row.signature.len() + row.body.as_ref().map_or(0, Vec::len);
            if bytes > page.bytes && !rows.is_empty() {
                return Ok((rows, true));
            }
            rows.push(row);
        }
        Ok((rows, false))
    }

    /// Rows by id, in the order asked; unknown ids are left out.
    pub(crate) fn load_rows(&mut self, ids: &[EntryId]) -> Result<Vec<EntryRow>, Fault> {
        let Self { conn, state } = self;
        let mut query = conn.prepare_cached(BY_ID)?;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let mut found = query.query([id.0])?;
            if let Some(row) = found.next()? {
                rows.push(read(row, conn, state)?);
            }
        }
        Ok(rows)
    }

    /// Every control row with its body, and a summary of every other, both by (space, stamp, id).
    pub(crate) fn load_entries(&mut self) -> Result<(Vec<EntryRow>, Vec<EntrySummary>), Fault> {
        let Self { conn, state } = self;
        let (mut control, mut content) = (Vec::new(), Vec::new());
        let mut places = conn.prepare("SELECT place, space, scope FROM places")?;
        let places: Vec<(i64, SpaceId, Scope)> = places
            .query_map([], |row| Ok((row.get(0)?, SpaceId(row.get(1)?), scope(row, 2)?)))?
            .collect::<Result<_, _>>()?;
        for (place, space, scope) in places {
            if scope == Scope::Control {
                control.extend(collect(conn.prepare_cached(PLACE)?, [place], conn, state)?);
                continue;
            }
            let mut query = conn.prepare_cached(SUMMARIES)?;
            let mut found = query.query([place])?;
            while let Some(row) = found.next()? {
                content.push(EntrySummary {
                    id: EntryId(row.get(0)?),
                    space,
                    device: DeviceId(row.get(1)?),
                    seq: row.get::<_, i64>(2)?.cast_unsigned(),
                    hlc: hlc_from_sql(row.get(3)?),
                    scope,
                    target: target(row, 4, 5)?,
                });
            }
        }
        control.sort_by_key(|row| (row.space, row.hlc, row.id));
        content.sort_by_key(|entry| (entry.space, entry.hlc, entry.id));
        Ok((control, content))
    }
}

fn collect(
    mut query: CachedStatement<'_>,
    params: impl Params,
    conn: &Connection,
    state: &mut State,
) -> Result<Vec<EntryRow>, Fault> {
    let mut found = query.query(params)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(read(row, conn, state)?);
    }
    Ok(rows)
}

fn read(row: &Row<'_>, conn: &Connection, state: &mut State) -> Result<EntryRow, Fault> {
    let (id, day) = (EntryId(row.get(0)?), Day(row.get(6)?));
    let body = match row.get_ref(12)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
        None => None,
        Some(sealed) => {
            let opened = state
                .find_day_key(conn, day.0)?
                .and_then(|key| unseal(&key, Table::Entries, id.as_bytes(), sealed).ok())
                .map(|mut plain| std::mem::take(&mut *plain));
            if opened.is_none() && state.spoiled.len() < hearth_types::limits::SYNC_IDS {
                state.spoiled.push(id);
            }
            opened
        }
    };
    Ok(EntryRow {
        id,
        space: SpaceId(row.get(1)?),
        device: DeviceId(row.get(2)?),
        seq: row.get::<_, i64>(3)?.cast_unsigned(),
        hlc: hlc_from_sql(row.get(4)?),
        scope: scope(row, 5)?,
        day,
        target: target(row, 7, 8)?,
        class: Class::from_code(row.get(9)?),
        envelope: row.get(10)?,
        signature: row.get(11)?,
        body,
    })
}

fn scope(row: &Row<'_>, at: usize) -> rusqlite::Result<Scope> {
    let bytes = row.get_ref(at)?.as_blob()?;
    Ok(if bytes.is_empty() { Scope::Control } else { Scope::Channel(ChannelId(row.get(at)?)) })
}

fn target(row: &Row<'_>, day: usize, id: usize) -> rusqlite::Result<Option<Target>> {
    Ok(match (row.get(day)?, row.get(id)?) {
        (Some(day), Some(id)) => Some(Target { day: Day(day), id: EntryId(id) }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The steps SQLite takes for a query, one a line.
    fn plan(conn: &Connection, sql: &str) -> String {
        let mut query = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = query.parameter_count();
        let params = rusqlite::params_from_iter(vec![1_i64; count]);
        let steps = query.query_map(params, |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
    }

    #[test]
    fn no_query_walks_a_whole_table_or_sorts() {
        let mut conn = Connection::open_in_memory().unwrap();
        crate::migrations::apply(&mut conn).unwrap();
        for sql in [DAY, DAY_BEFORE, DAY_IDS, BY_ID, PLACE, SUMMARIES] {
            let plan = plan(&conn, sql);
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        }
        assert!(plan(&conn, DAY_IDS).contains("USING COVERING INDEX entries_by_target_day (place=? AND target_day=?)"));
        assert!(plan(&conn, SUMMARIES).contains("USING COVERING INDEX entries_by_day (place=?)"));
        let before = plan(&conn, DAY_BEFORE);
        assert!(before.contains("entries_by_day (place=? AND day=? AND (hlc,id)<(?,?))"), "{before}");
    }
}
