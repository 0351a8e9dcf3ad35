//! Portable column types. Ids are `uuid` on PostgreSQL and 16-byte blobs on SQLite; times are `timestamptz` and
//! fixed-width UTC text (so that text order is time order); codes are text.

use super::connection::MultiBackend;
use chrono::{DateTime, SubsecRound, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{self as st, HasSqlType, SqlType};
use diesel::sqlite::{Sqlite, SqliteValue};
use uuid::Uuid;

/// A UTC instant in microseconds.
#[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
#[diesel(postgres_type(name = "timestamptz"))]
#[diesel(sqlite_type(name = "Text"))]
pub struct TsUtc;

/// A UUID.
#[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
#[diesel(postgres_type(name = "uuid"))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct IdSql;

impl st::SqlOrd for TsUtc {}
impl st::SqlOrd for IdSql {}

impl HasSqlType<TsUtc> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        MultiBackend::lookup_sql_type::<TsUtc>(lookup)
    }
}

impl HasSqlType<IdSql> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        MultiBackend::lookup_sql_type::<IdSql>(lookup)
    }
}

/// A UTC instant as the databases keep it: microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = TsUtc)]
pub struct Ts(pub DateTime<Utc>);

impl From<DateTime<Utc>> for Ts {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.trunc_subsecs(6))
    }
}

/// Text form in SQLite: fixed width, so that text order is time order.
const SQLITE_TIME: &str = "%Y-%m-%d %H:%M:%S%.6f";

impl FromSql<TsUtc, MultiBackend> for Ts {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Ts, TsUtc>()
    }
}
impl ToSql<TsUtc, MultiBackend> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((TsUtc, self));
        Ok(IsNull::No)
    }
}
impl FromSql<TsUtc, Pg> for Ts {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <DateTime<Utc> as FromSql<st::Timestamptz, Pg>>::from_sql(value).map(Ts)
    }
}
impl ToSql<TsUtc, Pg> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<st::Timestamptz, Pg>::to_sql(&self.0, out)
    }
}
impl FromSql<TsUtc, Sqlite> for Ts {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<st::Text, Sqlite>>::from_sql(value)?;
        Ok(Ts(chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f")?.and_utc()))
    }
}
impl ToSql<TsUtc, Sqlite> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.trunc_subsecs(6).format(SQLITE_TIME).to_string());
        Ok(IsNull::No)
    }
}

/// A UUID as the databases keep it; the typed ids in `ids.rs` go through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = IdSql)]
pub struct Uid(pub Uuid);

impl FromSql<IdSql, MultiBackend> for Uid {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Uid, IdSql>()
    }
}
impl ToSql<IdSql, MultiBackend> for Uid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((IdSql, self));
        Ok(IsNull::No)
    }
}
impl FromSql<IdSql, Pg> for Uid {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Uuid as FromSql<st::Uuid, Pg>>::from_sql(value).map(Uid)
    }
}
impl ToSql<IdSql, Pg> for Uid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<st::Uuid, Pg>::to_sql(&self.0, out)
    }
}
impl FromSql<IdSql, Sqlite> for Uid {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<st::Binary, Sqlite>>::from_sql(value)?;
        Ok(Uid(Uuid::from_slice(&bytes)?))
    }
}
impl ToSql<IdSql, Sqlite> for Uid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

/// Lets a type stand in queries as a bound value, by value and by reference, and be read from a row.
macro_rules! bindable {
    ($name:ty, $sql:ty) => {
        const _: () = {
            use diesel::backend::Backend;
            use diesel::deserialize::{self, FromSql, Queryable};
            use diesel::expression::AsExpression;
            use diesel::internal::derives::as_expression::Bound;
            use diesel::sql_types::{Nullable, SingleValue};
            impl AsExpression<$sql> for $name {
                type Expression = Bound<$sql, Self>;
                fn as_expression(self) -> Self::Expression {
                    Bound::new(self)
                }
            }
            impl<'a> AsExpression<$sql> for &'a $name {
                type Expression = Bound<$sql, Self>;
                fn as_expression(self) -> Self::Expression {
                    Bound::new(self)
                }
            }
            impl AsExpression<Nullable<$sql>> for $name {
                type Expression = Bound<Nullable<$sql>, Self>;
                fn as_expression(self) -> Self::Expression {
                    Bound::new(self)
                }
            }
            impl<'a> AsExpression<Nullable<$sql>> for &'a $name {
                type Expression = Bound<Nullable<$sql>, Self>;
                fn as_expression(self) -> Self::Expression {
                    Bound::new(self)
                }
            }
            impl<DB: Backend> diesel::serialize::ToSql<Nullable<$sql>, DB> for $name
            where
                $name: diesel::serialize::ToSql<$sql, DB>,
            {
                fn to_sql<'b>(
                    &'b self,
                    out: &mut diesel::serialize::Output<'b, '_, DB>,
                ) -> diesel::serialize::Result {
                    diesel::serialize::ToSql::<$sql, DB>::to_sql(self, out)
                }
            }
            impl<DB: Backend, ST: SingleValue> Queryable<ST, DB> for $name
            where
                $name: FromSql<ST, DB>,
            {
                type Row = Self;
                fn build(row: Self) -> deserialize::Result<Self> {
                    Ok(row)
                }
            }
        };
    };
}
pub(crate) use bindable;

/// Makes an id newtype (a tuple struct over `Uuid`) a column of type [`IdSql`].
macro_rules! id_column {
    ($name:ident) => {
        $crate::db::types::bindable!($name, $crate::db::types::IdSql);
        const _: () = {
            use diesel::backend::Backend;
            use diesel::deserialize::{self, FromSql};
            use diesel::serialize::{self, IsNull, Output, ToSql};
            use $crate::db::types::{IdSql, Uid};
            impl<DB: Backend> FromSql<IdSql, DB> for $name
            where
                Uid: FromSql<IdSql, DB>,
            {
                fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                    Uid::from_sql(value).map(|id| Self(id.0))
                }
            }
            impl ToSql<IdSql, diesel::pg::Pg> for $name {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::pg::Pg>) -> serialize::Result {
                    ToSql::<diesel::sql_types::Uuid, diesel::pg::Pg>::to_sql(&self.0, out)
                }
            }
            impl ToSql<IdSql, diesel::sqlite::Sqlite> for $name {
                fn to_sql<'b>(
                    &'b self,
                    out: &mut Output<'b, '_, diesel::sqlite::Sqlite>,
                ) -> serialize::Result {
                    out.set_value(self.0.as_bytes().as_slice());
                    Ok(IsNull::No)
                }
            }
            impl ToSql<IdSql, $crate::db::MultiBackend> for $name {
                fn to_sql<'b>(
                    &'b self,
                    out: &mut Output<'b, '_, $crate::db::MultiBackend>,
                ) -> serialize::Result {
                    out.set_value((IdSql, self));
                    Ok(IsNull::No)
                }
            }
        };
    };
}
pub(crate) use id_column;

/// A closed set of codes: kept as text in the database, written as text in JSON, listed in the specification.
pub trait Coded: Copy + Sized + 'static {
    /// Every value, in order.
    const ALL: &'static [Self];
    /// The stable code.
    fn code(self) -> &'static str;
    /// The value of a code.
    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.code() == code)
    }
}

/// Makes a [`Coded`] type a text column.
macro_rules! coded_column {
    ($name:ident) => {
        $crate::db::types::bindable!($name, diesel::sql_types::Text);
        const _: () = {
            use diesel::backend::Backend;
            use diesel::deserialize::{self, FromSql};
            use diesel::serialize::{self, Output, ToSql};
            use diesel::sql_types::Text;
            use $crate::db::types::Coded;
            impl<DB: Backend> FromSql<Text, DB> for $name
            where
                String: FromSql<Text, DB>,
            {
                fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                    let code = String::from_sql(value)?;
                    <$name as Coded>::from_code(&code)
                        .ok_or_else(|| format!("{}: unknown code {code}", stringify!($name)).into())
                }
            }
            impl<DB: Backend> ToSql<Text, DB> for $name
            where
                str: ToSql<Text, DB>,
            {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                    <str as ToSql<Text, DB>>::to_sql(Coded::code(*self), out)
                }
            }
        };
    };
}
pub(crate) use coded_column;

/// Serde (as the code) and the OpenAPI schema for a [`Coded`] type.
macro_rules! coded_json {
    ($name:ident) => {
        const _: () = {
            use $crate::db::types::Coded;
            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                    s.serialize_str(Coded::code(*self))
                }
            }
            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                    let code = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(d)?;
                    <$name as Coded>::from_code(&code).ok_or_else(|| {
                        let all: Vec<&str> = <$name as Coded>::ALL.iter().map(|v| v.code()).collect();
                        serde::de::Error::custom(format!("应为 {} 之一", all.join("、")))
                    })
                }
            }
            impl utoipa::PartialSchema for $name {
                fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                    utoipa::openapi::ObjectBuilder::new()
                        .schema_type(utoipa::openapi::schema::SchemaType::new(utoipa::openapi::Type::String))
                        .enum_values(Some(<$name as Coded>::ALL.iter().map(|v| v.code())))
                        .into()
                }
            }
            impl utoipa::ToSchema for $name {
                fn name() -> std::borrow::Cow<'static, str> {
                    stringify!($name).into()
                }
            }
        };
    };
}
pub(crate) use coded_json;

/// Defines an enum whose values have stable codes and Chinese labels.
macro_rules! coded {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $label:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $label] $(#[$vdoc])* $variant),+ }
        impl $crate::db::types::Coded for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn code(self) -> &'static str { match self { $(Self::$variant => $code),+ } }
        }
        impl $name {
            /// The Chinese name.
            pub fn label(self) -> &'static str { match self { $(Self::$variant => $label),+ } }
        }
        $crate::db::types::coded_column!($name);
        $crate::db::types::coded_json!($name);
    };
}
pub(crate) use coded;
